module github.com/gomadm/gomadm

go 1.25

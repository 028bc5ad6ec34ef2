module github.com/gomadm/gomadm/examples/server

go 1.25

require github.com/gomadm/gomadm v0.0.0-00010101000000-000000000000

replace github.com/gomadm/gomadm => ../..

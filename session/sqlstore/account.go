package sqlstore

import (
	"encoding/binary"
	"errors"

	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/session"
)

// accountVersion is the first octet of the binary form of an account.
const accountVersion = 1

var errAccount = errors.New("account is damaged, or of a later version")

// accountForm is the binary form of an account: the version, and each field behind its length.
func accountForm(a session.Account) []byte {
	b := []byte{accountVersion}
	for _, field := range [...]string{a.Name, string(a.Secret), a.ServerName, string(a.ServerSecret), string(a.Scheme)} {
		b = append(binary.AppendUvarint(b, uint64(len(field))), field...)
	}
	return b
}

func parseAccount(b []byte) (session.Account, error) {
	if len(b) == 0 || b[0] != accountVersion {
		return session.Account{}, errAccount
	}
	b = b[1:]
	var fields [5]string
	for i := range fields {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			return session.Account{}, errAccount
		}
		b = b[size:]
		fields[i], b = string(b[:n]), b[n:]
	}
	if len(b) > 0 {
		return session.Account{}, errAccount
	}
	return session.Account{
		Name: fields[0], Secret: auth.Secret(fields[1]),
		ServerName: fields[2], ServerSecret: auth.Secret(fields[3]), Scheme: auth.Scheme(fields[4]),
	}, nil
}

package capture

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Sink is a place for the files of one recording. Names have no folders. A Recorder calls one method at a time.
type Sink interface {
	// Create writes a new file. It is an error if there is one of that name.
	Create(name string, octets []byte) error
	// Append adds octets to a file that Create wrote.
	Append(name string, octets []byte) error
}

// Dir returns a Sink that writes into a folder, which is made when the first file is written. Only the owner may read
// what it writes. A folder holds one recording: a Recorder refuses one that has an index already.
func Dir(path string) Sink { return &dir{path: path} }

type dir struct {
	path string
	mu   sync.Mutex
	made bool
}

func (d *dir) Create(name string, octets []byte) error {
	if err := d.mkdir(); err != nil {
		return err
	}
	return d.write(name, os.O_CREATE|os.O_EXCL, octets)
}

func (d *dir) Append(name string, octets []byte) error { return d.write(name, os.O_APPEND, octets) }

func (d *dir) mkdir() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.made {
		return nil
	}
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	d.made = true
	return nil
}

func (d *dir) write(name string, flag int, octets []byte) error {
	f, err := os.OpenFile(filepath.Join(d.path, name), os.O_WRONLY|flag, 0o600)
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	_, err = f.Write(octets)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	return nil
}

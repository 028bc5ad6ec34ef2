package ddf

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Limits of a set of files. Published ones have some 300 files and 8 MB.
const (
	maxFiles     = 4096
	maxSetOctets = 128 << 20
	maxEntries   = 1 << 16 // of an archive, of which most may be other files
	maxFolders   = 64      // that a file of an archive is in
)

// Set is a collection of description files, such as an edition that Microsoft publishes.
type Set struct {
	Name   string // of the file or folder
	SHA256 string // of the file, in hexadecimal; empty for a folder
	Files  []File // by name
}

// File is one file of a set.
type File struct {
	Name     string // slashes between its folders
	Document *Document
}

// FileError says which file of a set cannot be read, and wraps why: a *SyntaxError or *LimitError of Parse, or the
// error of the file system.
type FileError struct {
	File string
	Err  error
}

func (e *FileError) Error() string {
	return fmt.Sprintf("ddf: %s: %s", e.File, strings.TrimPrefix(e.Err.Error(), "ddf: "))
}

// Unwrap returns Err.
func (e *FileError) Unwrap() error { return e.Err }

// Open reads what is at name: a description file, a folder with description files, or a zip archive of one. The error
// is a *FileError or a *LimitError.
func Open(name string) (*Set, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, &FileError{filepath.ToSlash(name), err}
	}
	if info.IsDir() {
		s, err := ReadFS(os.DirFS(name))
		if err != nil {
			return nil, err
		}
		s.Name = filepath.Base(name)
		return s, nil
	}
	b, err := readFile(name)
	if err != nil {
		return nil, &FileError{filepath.ToSlash(name), err}
	}
	return readOne(filepath.Base(name), b)
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, maxSetOctets)
}

// readAll reads at most so many octets.
func readAll(r io.Reader, most int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	if err != nil {
		return nil, err
	}
	if len(b) > most {
		return nil, &LimitError{Limit: "Octets", Max: most}
	}
	return b, nil
}

// checkArchive returns an error for an archive in which files are looked for that has too many, or has them in too many
// folders: package archive/zip makes a list of all folders, which takes time by the square of their depth.
func checkArchive(fsys fs.FS) error {
	z, ok := fsys.(*zip.Reader)
	if !ok {
		return nil
	}
	if len(z.File) > maxEntries {
		return &LimitError{Limit: "Files", Max: maxEntries}
	}
	for _, f := range z.File {
		if strings.Count(f.Name, "/")+strings.Count(f.Name, `\`) > maxFolders {
			return &LimitError{Limit: "Folders", Max: maxFolders}
		}
	}
	return nil
}

// regular returns an error for what is no file, such as a pipe, which may have nobody who writes into it.
func regular(fsys fs.FS, name string) error {
	info, err := fs.Stat(fsys, name)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	return err
}

// readOne reads a description file or an archive.
func readOne(name string, b []byte) (*Set, error) {
	s := &Set{Name: name}
	if bytes.HasPrefix(b, []byte("PK\x03\x04")) {
		archive, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return nil, &FileError{name, err}
		}
		if s, err = ReadFS(archive); err != nil {
			return nil, err
		}
		s.Name = name
	} else {
		d, err := Parse(bytes.NewReader(b))
		if err != nil {
			return nil, &FileError{name, err}
		}
		s.Files = []File{{name, d}}
	}
	s.SHA256 = fmt.Sprintf("%x", sha256.Sum256(b))
	return s, nil
}

// ReadFS reads all files of fsys whose name ends in .xml, in folders at any depth; an archive is a *zip.Reader. The error
// is a *FileError or a *LimitError: a set has at most 4,096 files and 128 MiB.
func ReadFS(fsys fs.FS) (*Set, error) {
	if err := checkArchive(fsys); err != nil {
		return nil, err
	}
	names, err := descriptions(fsys)
	if err != nil {
		return nil, err
	}
	s := &Set{}
	left := maxSetOctets
	for _, name := range names {
		b, err := readIn(fsys, name, min(left, maxOctets))
		if err != nil {
			var limit *LimitError
			if errors.As(err, &limit) && left < maxOctets {
				return nil, &LimitError{Limit: "Octets", Max: maxSetOctets}
			}
			return nil, &FileError{name, err}
		}
		left -= len(b)
		d, err := Parse(bytes.NewReader(b))
		if err != nil {
			return nil, &FileError{name, err}
		}
		s.Files = append(s.Files, File{name, d})
	}
	return s, nil
}

func readIn(fsys fs.FS, name string, most int) ([]byte, error) {
	if err := regular(fsys, name); err != nil {
		return nil, err
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, most)
}

// descriptions returns the names of the description files, in order.
func descriptions(fsys fs.FS) ([]string, error) {
	var names []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return &FileError{name, err}
		case d.IsDir() || !strings.EqualFold(path.Ext(name), ".xml"):
			return nil
		}
		if names = append(names, name); len(names) > maxFiles {
			return &LimitError{Limit: "Files", Max: maxFiles}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, &FileError{".", errors.New("no description file")}
	}
	slices.Sort(names)
	return names, nil
}

// Anomalies returns what is odd about the files, each with the name of its file.
func (s *Set) Anomalies() []Anomaly {
	var all []Anomaly
	for _, f := range s.Files {
		for _, a := range f.Document.Anomalies {
			a.File = f.Name
			all = append(all, a)
		}
	}
	return all
}

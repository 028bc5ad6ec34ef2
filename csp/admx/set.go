package admx

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/csp"
)

// Limits of a set. Those of Windows have some 250 files and 10 MB.
const (
	maxFiles     = 2048
	maxSetOctets = 128 << 20
	maxEntries   = 1 << 16 // of an archive, of which most may be other files
	maxFolders   = 64      // that a file of an archive is in
)

// Set is a folder of templates that refer to each other, such as PolicyDefinitions of Windows.
type Set struct {
	Files []File // by name

	spaces map[string]*Template
}

// File is one file of a set.
type File struct {
	Name     string // without folders
	Template *Template
}

// FileError says which file of a set cannot be read, and wraps why.
type FileError struct {
	File string
	Err  error
}

func (e *FileError) Error() string {
	return fmt.Sprintf("admx: %s: %s", e.File, strings.TrimPrefix(e.Err.Error(), "admx: "))
}

// Unwrap returns Err.
func (e *FileError) Unwrap() error { return e.Err }

// ReadFS reads all files of fsys whose name ends in .admx, in folders at any depth; an archive is a *zip.Reader. The error
// is a *FileError or a *LimitError: a set has at most 2,048 files and 128 MiB.
func ReadFS(fsys fs.FS) (*Set, error) {
	if err := checkArchive(fsys); err != nil {
		return nil, err
	}
	s := &Set{spaces: make(map[string]*Template)}
	left := maxSetOctets
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return &FileError{name, err}
		case d.IsDir() || !strings.EqualFold(path.Ext(name), ".admx"):
			return nil
		case len(s.Files) == maxFiles:
			return &LimitError{Limit: "Files", Max: maxFiles}
		}
		b, err := read(fsys, name)
		if err != nil {
			return &FileError{name, err}
		}
		if left -= len(b); left < 0 {
			return &LimitError{Limit: "Octets", Max: maxSetOctets}
		}
		t, err := Parse(b)
		if err != nil {
			return &FileError{name, err}
		}
		s.Files = append(s.Files, File{path.Base(name), t})
		s.spaces[t.Target.URI] = t
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(s.Files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return s, nil
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

func read(fsys fs.FS, name string) ([]byte, error) {
	if err := regular(fsys, name); err != nil {
		return nil, err
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxOctets+1)) // Parse refuses one that is larger
}

// Path is Policy.Path with the categories of all templates of the set: where p is in the tree of group policies.
func (s *Set) Path(p *Policy) ([]string, error) {
	if p.template == nil {
		return p.Path() // which says why there is none
	}
	return categoryPath(p.template, p.Category, func(space string) *Template { return s.spaces[space] })
}

// Templates returns what the policies take, for csp.Rules. The error is a *csp.FactError: a policy is there twice.
func (s *Set) Templates(name string) (*csp.Templates, error) {
	var all []csp.TemplatePolicy
	for _, f := range s.Files {
		for i := range f.Template.Policies {
			p := &f.Template.Policies[i]
			all = append(all, csp.TemplatePolicy{File: f.Name, Name: p.Name, Elements: p.elements()})
		}
	}
	return csp.NewTemplates(csp.Provenance{Name: name, Sources: []csp.Source{
		{Name: name, Files: len(s.Files), Nodes: len(all)},
	}}, all)
}

package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

// proxy is a module proxy in a folder. The go command uses it with GOPROXY=file://FOLDER.
type proxy struct {
	folder string
	sums   map[module.Version]string // lines of a go.sum, by module
}

func newProxy(folder string) *proxy {
	return &proxy{folder: folder, sums: map[module.Version]string{}}
}

// publish adds a version of a module to the proxy. The function `write` writes the zip of
// this version.
func (p *proxy) publish(name module.Version, goMod []byte, write func(io.Writer) error) error {
	var packed bytes.Buffer
	if err := write(&packed); err != nil {
		return fmt.Errorf("create the zip of %s: %w", name, err)
	}
	folder := filepath.Join(p.folder, name.Path, "@v")
	list, err := os.ReadFile(filepath.Join(folder, "list"))
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("read the versions of %s: %w", name.Path, err)
	}
	for base, text := range map[string][]byte{
		name.Version + ".zip":  packed.Bytes(),
		name.Version + ".mod":  goMod,
		name.Version + ".info": fmt.Appendf(nil, `{"Version": %q}`, name.Version),
		"list":                 fmt.Appendln(list, name.Version),
	} {
		if err := create(filepath.Join(folder, base), text); err != nil {
			return fmt.Errorf("publish %s: %w", name, err)
		}
	}
	ofZip, err := dirhash.HashZip(filepath.Join(folder, name.Version+".zip"), dirhash.Hash1)
	if err != nil {
		return fmt.Errorf("hash the zip of %s: %w", name, err)
	}
	open := func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(goMod)), nil }
	ofGoMod, err := dirhash.Hash1([]string{"go.mod"}, open)
	if err != nil {
		return fmt.Errorf("hash the go.mod of %s: %w", name, err)
	}
	p.sums[name] = fmt.Sprintf("%s %s %s\n%[1]s %[2]s/go.mod %[4]s\n",
		name.Path, name.Version, ofZip, ofGoMod)
	return nil
}

// create creates the folders in the path of a file, and writes the file.
func create(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o600)
}

// publishAll adds all modules to the proxy, at the next version. The parameter `goMods`
// maps the folder of a module to a file that replaces the module's go.mod.
func (p *proxy) publishAll(ctx context.Context, t tree, goMods map[string]string) error {
	for _, m := range t.modules {
		goMod := cmp.Or(goMods[m.folder], filepath.Join(t.root, m.folder, "go.mod"))
		text, err := os.ReadFile(goMod)
		if err != nil {
			return fmt.Errorf("read the go.mod of %s: %w", m.folder, err)
		}
		files, err := t.files(ctx, m)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(files, func(f zip.File) bool { return f.Path() == "go.mod" })
		files[at] = file{name: "go.mod", from: goMod}
		name := module.Version{Path: m.path(), Version: t.version}
		write := func(w io.Writer) error { return zip.Create(w, name, files) }
		if err := p.publish(name, text, write); err != nil {
			return err
		}
	}
	return nil
}

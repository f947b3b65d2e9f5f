package program

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	// markVariable is the first variable in a file of -env-file. It holds the id of the
	// run, the address on which the run listens, and a checksum of the file.
	markVariable = "UPVEST_SANDBOX_RUN"
	// maxNames is how many file names a run tries.
	maxNames = 100
	// connectTimeout is how long the sandbox of another run may take to accept a
	// connection.
	connectTimeout = time.Second
)

var (
	noChecksum  = strings.Repeat("0", 16)
	markPattern = regexp.MustCompile(`^(?:\{\s*")?(?:export |\$env:)?` + markVariable +
		`\W+[0-9a-f-]{36}/([^/'"\s]+)/([0-9a-f]{16})['"]?[,\n]`)
)

// envFile is a file that a run wrote because of -env-file.
type envFile struct {
	path    string
	content []byte
}

// writeEnvFile writes the variables to a file that this run owns. It returns an error if
// the file exists but was not written by a sandbox, or was edited afterwards. If the run
// that wrote the file still listens, the file stays, and this run uses the next name:
// sandbox-2.env after sandbox.env. The file of a run that no longer listens is replaced.
func writeEnvFile(ctx context.Context, path, form, address string, pairs []string) (envFile, error) {
	content, err := marked(form, address, pairs)
	if err != nil {
		return envFile{}, err
	}
	for n := 1; n <= maxNames; n++ {
		file := envFile{path: numbered(path, n), content: content}
		existing, err := existingFile(file.path)
		switch {
		case err != nil:
			return envFile{}, err
		case existing.path == "":
		case existing.isInUse(ctx):
			continue
		default:
			if err := existing.remove(); err != nil {
				return envFile{}, err
			}
		}
		err = file.create()
		if errors.Is(err, fs.ErrExist) {
			continue // another run created the file first
		}
		return file, err
	}
	return envFile{}, fmt.Errorf("flag -env-file: %s and %d more names belong to running sandboxes: "+
		"choose a different name", path, maxNames-1)
}

// marked encodes the mark of a new run, followed by the variables, in the given form.
func marked(form, address string, pairs []string) ([]byte, error) {
	mark := markVariable + "=" + uuid.NewString() + "/" + address + "/" + noChecksum
	content, err := encode(form, append([]string{mark}, pairs...))
	if err != nil {
		return nil, err
	}
	return bytes.Replace(content, []byte(noChecksum), []byte(checksum(content)), 1), nil
}

func checksum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])[:len(noChecksum)]
}

// numbered returns the n-th name that is tried for a file.
func numbered(path string, n int) string {
	if n == 1 {
		return path
	}
	extension := filepath.Ext(path)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, extension), n, extension)
}

// existingFile reads the file that an earlier run wrote. If there is no file, the
// returned path is empty. If the file differs from what a run wrote, existingFile returns
// an error.
func existingFile(path string) (envFile, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return envFile{}, nil
	}
	if err != nil {
		return envFile{}, fmt.Errorf("flag -env-file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return envFile{}, notOurs(path)
	}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return envFile{}, nil // the run that wrote the file has just removed it
	}
	if err != nil {
		return envFile{}, fmt.Errorf("flag -env-file: %w", err)
	}
	found := markPattern.FindSubmatch(content)
	if found == nil {
		return envFile{}, notOurs(path)
	}
	written := bytes.Replace(content, found[2], []byte(noChecksum), 1)
	if checksum(written) != string(found[2]) {
		return envFile{}, notOurs(path)
	}
	return envFile{path: path, content: content}, nil
}

func notOurs(path string) error {
	return fmt.Errorf("flag -env-file: %s exists, but no sandbox wrote the file, or the file was edited: "+
		"choose a different name, or remove the file", path)
}

// isInUse reports whether something listens on the address of the run that wrote the
// file.
func (f envFile) isInUse(ctx context.Context) bool {
	address := string(markPattern.FindSubmatch(f.content)[1])
	dialer := net.Dialer{Timeout: connectTimeout}
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	_ = connection.Close() // nothing was sent
	return true
}

// create writes the complete file, which only its owner can read. It fails if the file
// exists.
func (f envFile) create() error {
	temporary := f.path + "." + uuid.NewString()
	if err := writeFile(temporary, f.content); err != nil {
		return fmt.Errorf("write the variables: %w", err)
	}
	err := os.Link(temporary, f.path)
	if err := errors.Join(err, os.Remove(temporary)); err != nil {
		return fmt.Errorf("write the variables: %w", err)
	}
	return nil
}

// remove removes the file if the file has not changed since a run wrote it.
func (f envFile) remove() error {
	content, err := os.ReadFile(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && !bytes.Equal(content, f.content):
		return nil
	case err == nil:
		err = os.Remove(f.path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the variables: %w", err)
	}
	return nil
}

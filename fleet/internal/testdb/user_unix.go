//go:build unix

package testdb

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// giveAway makes the user who runs the server the owner of a file or directory.
func giveAway(directory string) error {
	credential := unprivileged()
	if credential == nil {
		return nil
	}
	if err := os.Chown(directory, int(credential.Uid), int(credential.Gid)); err != nil {
		return fmt.Errorf("change the owner of the directory: %w", err)
	}
	return nil
}

// runUnprivileged makes a command run as the user who runs the server.
func runUnprivileged(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Credential: unprivileged()}
}

// unprivileged returns the user who must run the server. If root runs the tests, this is
// the user that Debian's package creates, because the server refuses to run as root.
// Otherwise unprivileged returns nil, and the server runs as the current user.
func unprivileged() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	owner, err := user.Lookup("postgres")
	if err != nil {
		return nil
	}
	uid, errUID := strconv.ParseUint(owner.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(owner.Gid, 10, 32)
	if errUID != nil || errGID != nil {
		return nil
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

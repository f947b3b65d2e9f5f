package program

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// runCommand runs a command with the given variables, which tell it how to reach the
// sandbox, and returns when the command ends.
func runCommand(ctx context.Context, arguments, variables []string, stdout, stderr io.Writer) error {
	command := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	command.Env = append(os.Environ(), variables...)
	command.Stdin = os.Stdin
	command.Stdout = stdout
	command.Stderr = stderr
	// Ctrl-C in a terminal also reaches the command. The command is interrupted instead
	// of killed, so that it has time to finish.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = grace
	if err := command.Run(); err != nil {
		return fmt.Errorf("run %s: %w", arguments[0], err)
	}
	return nil
}

package program

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

// progress shows the progress of a command. On a terminal, it rewrites one line. In a
// pipe or a file, it prints a new line from time to time.
type progress struct {
	out        io.Writer
	isTerminal bool
	every      time.Duration
	last       time.Time
	width      int
	pending    string
}

func newProgress(out io.Writer) *progress {
	p := &progress{out: out, every: 10 * time.Second}
	file, isFile := out.(*os.File)
	if !isFile {
		return p
	}
	info, err := file.Stat()
	if err == nil && info.Mode()&os.ModeCharDevice != 0 {
		p.isTerminal = true
		p.every = 200 * time.Millisecond
	}
	return p
}

func (p *progress) showf(format string, arguments ...any) {
	p.pending = fmt.Sprintf(format, arguments...)
	if time.Since(p.last) >= p.every {
		p.print()
	}
}

func (p *progress) print() {
	if p.isTerminal {
		_, _ = fmt.Fprintf(p.out, "\r%-*s", p.width, p.pending)
	} else {
		_, _ = fmt.Fprintln(p.out, p.pending)
	}
	p.last = time.Now()
	p.width = utf8.RuneCountInString(p.pending)
	p.pending = ""
}

// end prints the last text, unless it was already printed. On a terminal, end also ends
// the line.
func (p *progress) end() {
	if p.pending != "" {
		p.print()
	}
	if p.isTerminal && p.width > 0 {
		_, _ = fmt.Fprintln(p.out)
	}
	p.width = 0
}

// bar draws a progress bar.
func bar(done, total int) string {
	const width = 24
	filled := width * done / max(total, 1)
	return "[" + strings.Repeat("#", filled) + strings.Repeat(".", width-filled) +
		fmt.Sprintf("] %3d %%", 100*done/max(total, 1))
}

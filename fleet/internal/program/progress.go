package program

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// progress rewrites one line of a terminal, every so often at most.
type progress struct {
	out   io.Writer
	every time.Duration
	last  time.Time
	width int
}

func (c *command) newProgress(every time.Duration) *progress {
	return &progress{out: c.errors, every: every}
}

func (p *progress) show(format string, arguments ...any) {
	if time.Since(p.last) < p.every {
		return
	}
	text := fmt.Sprintf(format, arguments...)
	_, _ = fmt.Fprintf(p.out, "\r%-*s", p.width, text)
	p.last, p.width = time.Now(), utf8.RuneCountInString(text)
}

// end leaves the line, if there is one.
func (p *progress) end() {
	if p.width > 0 {
		_, _ = fmt.Fprintln(p.out)
	}
	p.width = 0
}

// bar draws how much of a whole is done.
func bar(done, total int) string {
	const width = 24
	filled := width * done / max(total, 1)
	return "[" + strings.Repeat("#", filled) + strings.Repeat(".", width-filled) + fmt.Sprintf("] %3d %%", 100*done/max(total, 1))
}

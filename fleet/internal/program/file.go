package program

import (
	"bufio"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/operation"
)

// chunk is the largest number of lines that one transaction writes.
const chunk = 1000

// exported are the columns that the command `fleet export` adds to the columns of the
// operation. The command `fleet enqueue` ignores these columns.
var exported = []string{"outcome", "resource", "state", "detail"}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// checkRunName returns an error unless a name consists of 1 to 64 ASCII letters, digits,
// points, underscores and hyphens. With other characters, two names could look the same.
func checkRunName(name string) error {
	if name == "" {
		return errors.New("-run is missing")
	}
	if !namePattern.MatchString(name) {
		return fmt.Errorf(
			"-run %s: use 1 to 64 letters, digits, points, underscores and hyphens",
			operation.Quote(name),
		)
	}
	return nil
}

// file is the content of a CSV file.
type file struct {
	lines []ledger.Line
	first map[uuid.UUID]int // the line number of each subject
	bad   int
	hash  string
}

// complain prints a problem in a line, and counts the line as invalid.
func (f *file) complain(to io.Writer, line int, problem error) {
	f.bad++
	_, _ = fmt.Fprintf(to, "line %d: %v\n", line, problem)
}

// readFile reads a file for an operation, and reports every line that is malformed or
// whose subject appears in an earlier line.
func readFile(name string, o operation.Operation, complaints io.Writer) (*file, error) {
	opened, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	defer opened.Close()
	hash := sha256.New()
	buffered := bufio.NewReader(io.TeeReader(opened, hash))
	if start, _ := buffered.Peek(3); string(start) == "\uFEFF" {
		_, _ = buffered.Discard(3)
	}
	reader := csv.NewReader(buffered)
	reader.FieldsPerRecord = -1
	columns, err := readHeader(reader, o)
	if err != nil {
		return nil, err
	}
	f := &file{first: map[uuid.UUID]int{}}
	for {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if syntax, isSyntax := errors.AsType[*csv.ParseError](err); isSyntax {
			f.complain(complaints, syntax.StartLine, syntax.Err)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the file: %w", err)
		}
		number, _ := reader.FieldPos(0)
		if err := f.add(fields, number, columns, o); err != nil {
			f.complain(complaints, number, err)
		}
	}
	f.hash = hex.EncodeToString(hash.Sum(nil))
	return f, nil
}

// readHeader checks the first line, and returns how many fields a line has.
func readHeader(reader *csv.Reader, o operation.Operation) (columns int, err error) {
	names, err := reader.Read()
	wanted := o.Columns()
	if slices.Equal(names, wanted) || slices.Equal(names, slices.Concat(wanted, exported)) {
		return len(names), nil
	}
	problem := fmt.Errorf("the first line must be %s, not %s",
		strings.Join(wanted, ","), operation.Quote(strings.Join(names, ",")))
	if len(names) == 1 && strings.Contains(names[0], ";") {
		problem = fmt.Errorf(
			"%w: the file has semicolons between the fields, as Excel writes them in some languages, "+
				"and may have commas in numbers, which are ambiguous: save it with commas and decimal points",
			problem,
		)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		problem = errors.Join(problem, err)
	}
	return 0, problem
}

func (f *file) add(fields []string, number, columns int, o operation.Operation) error {
	if len(fields) != columns {
		return fmt.Errorf("%d fields, expected %d", len(fields), columns)
	}
	fields = fields[:len(o.Columns())]
	subject, err := operation.ParseID(fields[0])
	if err != nil {
		err = fmt.Errorf("%s: %w", o.Columns()[0], err)
	}
	if parsing := o.Parse(fields[1:]); parsing != nil {
		err = join(err, parsing)
	}
	if err != nil {
		return err
	}
	if before := f.first[subject]; before != 0 {
		return fmt.Errorf("%s %s is also in line %d", o.Columns()[0], subject, before)
	}
	f.first[subject] = number
	f.lines = append(f.lines, ledger.Line{Subject: subject, Fields: fields[1:]})
	return nil
}

// join combines two problems in the same line into one error.
func join(a, b error) error {
	if a == nil {
		return b
	}
	return fmt.Errorf("%w; %w", a, b)
}

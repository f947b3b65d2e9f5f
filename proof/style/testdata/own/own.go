// Package own breaks every rule of proof/style. The word after "want" at the end of a
// line names the rule that must report the line.
package own

import "strconv"

func headers(text string) (number int, err error) {
	if number, err = strconv.Atoi(text); err != nil { // want header
		return 0, err
	}
	if number++; number > 1 { // want header
		return number, nil
	}
	if length := len(text); number > 0 { // want header
		return length, nil
	}
	switch number = len(text); number { // want header
	case 1:
		return 1, nil
	}
	switch length := len(text); { // want header
	case number > 0:
		return length, nil
	}
	var value any = text
	switch value = number; value.(type) { // want header
	case string:
		return 1, nil
	}
	if length := len(text); length > 1 {
		return length, nil
	}
	switch length := len(text); {
	case length > 1:
		return length, nil
	}
	return number, nil
}

const first, second = 1, 2 // want values

func values(text string) int {
	left, right := len(text), 0               // want values
	var low, high = 1, 2                      // want values
	left, low = low+1, left                   // want values
	if got, want := len(text), 1; got > low { // want values
		return want
	}
	left, right = right, left
	for i, j := 0, len(text); i < j; i, j = i+1, j-1 {
		left++
	}
	if got, want := len(text), low; got != want {
		return got
	}
	return left + right + high
}

func appends(a, b []int) []int {
	a = append(append(a, b...), 1)   // want append
	b = append(b, len(append(a, 2))) // want append
	return append(a, func() int { return len(append(b, 3)) }())
}

func statements(add func(int)) (func(), func()) {
	once := func() { add(1) }
	return once, func() { add(1); add(2) } // want statement
}

// A comment of exactly ninety columns is accepted; this line proves it, for it ends here.
// A comment of exactly ninety-one columns is reported; this line proves it. # want comment
//
// A line that a URL makes too wide is accepted: https://example.com/a/long/path/that/does/not/fit
// A URL in the middle of https://example.com/a/long/path a line of over ninety columns # want comment

/*
A comment of this form has the same limit; this line is wider than ninety columns # want comment
*/

//nolint:example // A comment for a tool stays on one line, so its width is limited by that of code alone.

func indented() {
	if first == second {
		// A tab counts four columns, so this line has more columns than that # want comment
		return
	}
}

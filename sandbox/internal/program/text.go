package program

import (
	"bytes"
	"encoding/binary"
	"os"
	"unicode/utf16"
)

// readText reads a text file in UTF-8 or UTF-16. It removes the byte order mark that some
// editors and PowerShell write at the beginning.
func readText(file string) ([]byte, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(content, []byte{0xff, 0xfe}):
		return fromUTF16(content[2:], binary.LittleEndian), nil
	case bytes.HasPrefix(content, []byte{0xfe, 0xff}):
		return fromUTF16(content[2:], binary.BigEndian), nil
	default:
		return bytes.TrimPrefix(content, []byte("\ufeff")), nil
	}
}

func fromUTF16(content []byte, order binary.ByteOrder) []byte {
	units := make([]uint16, len(content)/2)
	for i := range units {
		units[i] = order.Uint16(content[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}

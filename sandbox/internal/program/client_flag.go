package program

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// clientFlags are the parts of a -client flag. The program generates the parts that are
// empty.
type clientFlags struct {
	id, secret, keyID, keyFile string
	scopes                     []string
}

// nextPart finds the comma before a part. Every other comma belongs to a value.
var nextPart = regexp.MustCompile(`,(?:id|secret|key-id|key|scopes)=`)

// parseClient reads a -client flag. Its errors never repeat text of the flag, because any
// part of the flag may be a misplaced secret.
func parseClient(text string) (clientFlags, error) {
	var c clientFlags
	seen := map[string]bool{}
	for text != "" {
		part := text
		text = ""
		if next := nextPart.FindStringIndex(part); next != nil {
			text = part[next[0]+1:]
			part = part[:next[0]]
		}
		name, value, _ := strings.Cut(part, "=")
		if err := c.set(name, value); err != nil {
			return clientFlags{}, err
		}
		if seen[name] {
			return clientFlags{}, fmt.Errorf("the part %s appears twice", name)
		}
		seen[name] = true
	}
	return c, nil
}

func (c *clientFlags) set(name, value string) error {
	if value == "" {
		return errors.New("a part is not of the form name=value, " +
			"expected id=…,secret=…,key-id=…,key=FILE,scopes=a b")
	}
	switch name {
	case "id":
		c.id = value
	case "secret":
		c.secret = value
	case "key-id":
		c.keyID = value
	case "key":
		c.keyFile = value
	case "scopes":
		c.scopes = strings.Fields(value)
	default:
		return errors.New("a part has an unknown name, expected id, secret, key-id, key or scopes")
	}
	if name != "secret" && strings.ContainsAny(value, ",=") {
		return fmt.Errorf("the part %s contains , or =, which only a secret may: "+
			"expected a comma and then id=, secret=, key-id=, key= or scopes=", name)
	}
	return nil
}

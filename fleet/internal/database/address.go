package database

import (
	"errors"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

var (
	errAddress = errors.New("it has an unknown form: use postgres://…, a list of key=value or sqlite:PATH")
	errUnread  = errors.New("its user, password, host or port cannot be read: " +
		"write @ : / ? # and % in user and password as %40 %3A %2F %3F %23 and %25")
)

// readAddress reads the address of a PostgreSQL server. It refuses a URL that can be read
// in several ways, because pgx could mistake a part of the password for the host and
// print it in an error.
func readAddress(address string) (*pgx.ConnConfig, error) {
	_, rest, isURL := strings.Cut(address, "://")
	switch {
	case isURL && !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://"):
		return nil, errAddress
	case isURL:
		beforeQuery, _, _ := strings.Cut(rest, "?")
		authority, _, _ := strings.Cut(beforeQuery, "/")
		if strings.Count(beforeQuery, "@") > 1 ||
			strings.Contains(beforeQuery, "@") && !strings.Contains(authority, "@") {
			return nil, errUnread
		}
		if _, err := url.Parse(address); err != nil {
			return nil, errUnread
		}
	case !strings.Contains(address, "="):
		return nil, errAddress
	}
	config, err := pgx.ParseConfig(address)
	if err != nil && !isURL {
		return nil, errors.New(
			"the list of key=value cannot be read: see the chapter Connection Strings of PostgreSQL's manual",
		)
	}
	if err != nil {
		return nil, err // pgx masks the password
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "fleet"
	}
	return config, nil
}

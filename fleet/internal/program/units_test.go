package program_test

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestTheUnitStartsAWorker checks the systemd unit. The program must accept its flags,
// and the port of each instance must equal the name of the instance.
func TestTheUnitStartsAWorker(t *testing.T) {
	text := deployed(t, "fleet-worker@.service")
	var ports []uint16
	for instance := uint16(9101); instance <= 9120; instance++ {
		port := startedBy(t, strings.ReplaceAll(text, "%i", strconv.Itoa(int(instance))))
		if port != instance || slices.Contains(ports, port) {
			t.Errorf("the instance %d has the port %d; earlier instances have %v", instance, port, ports)
		}
		ports = append(ports, port)
	}
	for _, example := range regexp.MustCompile(`fleet-worker@(\w+)`).FindAllStringSubmatch(text, -1) {
		if port, err := strconv.ParseUint(example[1], 10, 16); err != nil || port < 1024 {
			t.Errorf("the name of the example %s must be a port from 1024 to 65535", example[0])
		}
	}
	for _, variable := range regexp.MustCompile(`(?m)^Environment=(\w+)=`).FindAllStringSubmatch(text, -1) {
		checkVariable(t, variable[1])
	}
	for _, name := range []string{"DATABASE_URL", "UPVEST_API_*", "EnvironmentFile=/"} {
		contains(t, text, name)
	}
}

// startedBy returns the port on which the command of a unit serves metrics. It checks
// that the program accepts the command.
func startedBy(t *testing.T, unit string) (port uint16) {
	t.Helper()
	commands := regexp.MustCompile(`(?m)^ExecStart=/\S*/fleet (.+)$`).FindAllStringSubmatch(unit, -1)
	if len(commands) != 1 || strings.Contains(commands[0][1], "%") {
		t.Fatalf("the unit starts %q, expected one command without a specifier", commands)
	}
	return portOf(t, strings.Fields(commands[0][1]))
}

// portOf returns the port on which a worker with these arguments serves metrics. It
// checks that the program accepts the arguments: with an additional -h, it then prints
// its help.
func portOf(t *testing.T, arguments []string) (port uint16) {
	t.Helper()
	if status, _, errors := fleet(t, append(slices.Clone(arguments), "-h")...); status != 0 ||
		arguments[0] != "work" {
		t.Errorf("the program refuses fleet %v: %s", arguments, errors)
	}
	index := slices.Index(arguments, "-metrics")
	if index < 0 || index+1 == len(arguments) {
		t.Fatalf("fleet %v serves no metrics", arguments)
	}
	address := arguments[index+1]
	if strings.HasPrefix(address, ":") {
		address = "0.0.0.0" + address
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil || at.Port() < 1024 {
		t.Errorf("fleet %v: %s: %v", arguments, address, err)
	}
	return at.Port()
}

// checkVariable reports a variable that neither the fleet nor Go's runtime reads.
func checkVariable(t *testing.T, name string) {
	t.Helper()
	if !slices.Contains([]string{"DATABASE_URL", "FLEET_SCHEMA", "GOMEMLIMIT", "SSL_CERT_FILE"}, name) {
		t.Errorf("nothing reads the variable %s", name)
	}
}

// TestArgumentsOfFilesAreParsed is the control of the checks of both files. The program
// must refuse a wrong flag, a wrong value, and an argument that is not a flag.
func TestArgumentsOfFilesAreParsed(t *testing.T) {
	for _, wrong := range []string{"-inflight 100", "-in-flight many", "extra"} {
		arguments := strings.Fields("work " + wrong + " -h")
		if status, _, _ := fleet(t, arguments...); status != 2 {
			t.Errorf("fleet %v ended with %d, expected 2", arguments, status)
		}
	}
}

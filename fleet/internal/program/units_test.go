package program_test

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestTheSystemdUnitStartsAWorker checks the systemd unit. The program must accept the
// flags in the unit, and each instance must serve metrics on the port that is its name.
func TestTheSystemdUnitStartsAWorker(t *testing.T) {
	text := deployed(t, "fleet-worker@.service")
	var ports []uint16
	for instance := uint16(9101); instance <= 9120; instance++ {
		port := startedBy(t, strings.ReplaceAll(text, "%i", strconv.Itoa(int(instance))))
		if port != instance || slices.Contains(ports, port) {
			t.Errorf("instance %d serves metrics on port %d, expected the port in its name and none of %v",
				instance, port, ports)
		}
		ports = append(ports, port)
	}
	for _, example := range regexp.MustCompile(`fleet-worker@(\w+)`).FindAllStringSubmatch(text, -1) {
		if port, err := strconv.ParseUint(example[1], 10, 16); err != nil || port < 1024 {
			t.Errorf("the example instance %s is not named after a port from 1024 to 65535", example[0])
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
		t.Fatalf("the unit starts %q, expected one command in which every specifier is replaced", commands)
	}
	return portOf(t, strings.Fields(commands[0][1]))
}

// portOf returns the port on which a worker with these arguments serves metrics. It also
// checks that the program accepts the arguments. For this, it adds the flag -h, so the
// program prints its help and ends.
func portOf(t *testing.T, arguments []string) (port uint16) {
	t.Helper()
	if status, _, errors := fleet(t, append(slices.Clone(arguments), "-h")...); status != 0 ||
		arguments[0] != "work" {
		t.Errorf("fleet %v -h ended with exit status %d, expected 0 and the command work: %s",
			arguments, status, errors)
	}
	index := slices.Index(arguments, "-metrics")
	if index < 0 || index+1 == len(arguments) {
		t.Fatalf("fleet %v serves no metrics, expected the flag -metrics with an address", arguments)
	}
	address := arguments[index+1]
	if strings.HasPrefix(address, ":") {
		address = "0.0.0.0" + address
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil || at.Port() < 1024 {
		t.Errorf("fleet %v serves metrics at %s, expected a port of 1024 or more; the error is %v",
			arguments, address, err)
	}
	return at.Port()
}

// checkVariable fails the test unless the fleet or Go's runtime or standard library reads
// a variable.
func checkVariable(t *testing.T, name string) {
	t.Helper()
	if !slices.Contains([]string{"DATABASE_URL", "FLEET_SCHEMA", "GOMEMLIMIT", "SSL_CERT_FILE"}, name) {
		t.Errorf("the file sets the variable %s, which neither the fleet nor Go reads", name)
	}
}

// TestWrongArgumentsOfAWorkerAreRefused is the control for the checks of the systemd unit
// and of kubernetes.yaml. The program must refuse an unknown flag, an invalid value, and
// an argument that is not a flag.
func TestWrongArgumentsOfAWorkerAreRefused(t *testing.T) {
	for _, wrong := range []string{"-inflight 100", "-in-flight many", "extra"} {
		arguments := strings.Fields("work " + wrong + " -h")
		if status, _, _ := fleet(t, arguments...); status != 2 {
			t.Errorf("fleet %v ended with exit status %d, expected 2", arguments, status)
		}
	}
}

package transport

import "runtime/debug"

const modulePath = "github.com/d8277167/upvest-portfolios-go"

// UserAgent returns the value of the header user-agent: the name of the caller's program,
// if the caller gave a name, followed by the name and version of this client.
func UserAgent(caller string) string {
	name := "upvest-portfolios-go/" + moduleVersion()
	if caller == "" {
		return name
	}
	return caller + " " + name
}

func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, module := range append(info.Deps, &info.Main) {
		if module.Path == modulePath && module.Version != "" {
			return module.Version
		}
	}
	return "devel"
}

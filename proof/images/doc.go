// Package images builds the container images of the sandbox and the fleet, and runs them.
package images

// Package images tests the container images of the sandbox and the fleet: it builds and
// runs them.
package images

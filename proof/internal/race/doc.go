// Package race reports whether the race detector is on. It slows down single-threaded
// work ten times and finds nothing there, so some tests run only without it.
package race

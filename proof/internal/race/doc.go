// Package race reports whether the race detector is on. It makes single-threaded work ten
// times slower and finds nothing there, so some tests run only without it.
package race

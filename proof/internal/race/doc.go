// Package race reports whether the race detector is on. The race detector makes
// single-threaded work ten times slower, and cannot find a data race in such work. Tests
// with much single-threaded work therefore run only without the race detector.
package race

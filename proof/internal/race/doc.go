// Package race reports whether the race detector is on. The race detector makes some
// tests about ten times slower. Tests use this package to skip their slowest parts under
// the race detector.
package race

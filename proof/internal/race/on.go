//go:build race

package race

// Detector is true if the program was compiled with the race detector.
const Detector = true

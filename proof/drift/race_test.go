//go:build race

package drift_test

const raceDetector = true

// Package monitoring holds the dashboard, the rules and the alerts of
// docs/monitoring against a real Prometheus that reads the real binary. Debian's
// package prometheus is downloaded where Prometheus is missing, and not installed:
// nothing of it runs but what a test starts.
package monitoring

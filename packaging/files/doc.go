// Package files tests what other programs read of this repository: the compose
// file, and the workflows of a hosted CI.
package files

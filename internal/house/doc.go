// Package house holds the repository itself to its rules: its scripts, and how
// it is built. It has tests and nothing else.
package house

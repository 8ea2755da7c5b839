// Package guarantees proves what the output promises, fault by fault. It has
// nothing but tests: the fault matrix in matrix_test.go, random scripts of
// answers, bad input among good, and the table of risks in security_test.go.
package guarantees

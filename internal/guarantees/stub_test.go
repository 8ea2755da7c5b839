package guarantees_test

import "testing"

func proveAddresses(t *testing.T) {}
func proveTLS(t *testing.T)       {}
func proveHTTP2(t *testing.T)     {}

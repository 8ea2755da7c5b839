//go:build keda

package main

// The test reads KEDA's own definition of a ScaledObject from its module. The
// package is not compiled: it brings a client of Kubernetes with it.
import _ "github.com/kedacore/keda/v2/apis/keda/v1alpha1"

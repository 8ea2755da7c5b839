// Package jsonscan reads JSON without taking it apart: it finds where values
// begin and end, and hands out their bytes as they were written.
package jsonscan

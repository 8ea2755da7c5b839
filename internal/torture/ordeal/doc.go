// Package ordeal kills and stops the product, what it reads from and the
// stand-in of Segment, and judges what arrived: what is lost, doubled and out
// of order. Whoever has a broker makes a [Feed] of it and plays the rounds.
package ordeal

// Package npm tests the npm packages of the sandbox: they are built, served by a
// registry on this machine, installed and used.
package npm

//go:build !go1.20

package main

import "context"

// withCause without a cause: this Go has none, so the cancel is a plain one. The outcome shows that as a difference.
func withCause(parent context.Context) (context.Context, func(cause string)) {
	ctx, cancel := context.WithCancel(parent)
	return ctx, func(string) { cancel() }
}

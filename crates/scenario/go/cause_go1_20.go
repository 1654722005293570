//go:build go1.20

package main

import (
	"context"
	"errors"
)

func withCause(parent context.Context) (context.Context, func(cause string)) {
	ctx, cancel := context.WithCancelCause(parent)
	return ctx, func(cause string) {
		if cause == "" {
			cancel(nil)
		} else {
			cancel(errors.New(cause))
		}
	}
}

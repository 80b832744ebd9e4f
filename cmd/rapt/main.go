// Command rapt shows what the attention of a transformer looks at. Run "rapt --help".
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/spf13/cobra"
)

// usageError marks an error in how rapt was called, as opposed to one that came up while it ran: exit 2, not 1.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run executes one command line and returns the exit code: 0, 1 if it failed, 2 if it was called wrongly.
func run(ctx context.Context, args []string) int {
	root := newRootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, "rapt:", err)
		return 2
	default:
		fmt.Fprintln(os.Stderr, "rapt:", err)
		return 1
	}
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "rapt [TEXT…]",
		Short:         "See what the attention of a transformer looks at",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(newAttendCommand())
	root.AddCommand(newExplainCommand())
	root.AddCommand(newModelCommand())
	root.AddCommand(newEmbedCommand())
	return root
}

// noArgs is cobra.NoArgs with an error that counts as a wrong call.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s: unexpected argument %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// Command rapt shows what the attention of a transformer looks at. Run "rapt --help".
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// usageError marks an error in how rapt was called, as opposed to one that came up while it ran: exit 2, not 1.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
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
	case isClosedPipe(err):
		return 1
	case errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, "rapt:", err)
		return 2
	default:
		fmt.Fprintln(os.Stderr, "rapt:", err)
		return 1
	}
}

// newRootCommand makes the command and all its verbs. Without a verb rapt is "rapt look".
func newRootCommand() *cobra.Command {
	var f lookFlags
	root := &cobra.Command{
		Use:   "rapt [look] TEXT…",
		Short: "See what the attention of a transformer looks at",
		Long: `Rapt runs a transformer on a text and shows which word looks at which. The model
all-MiniLM-L6-v2 is built in; --model takes another, by its directory or by a name that
rapt model list shows.

What isn't one of the commands below is a text, as if after "rapt look".`,
		Example: `  rapt "The cat sat on the mat."
  rapt "The cat sat on the mat." --find sat:cat`,
		Version:       version(),
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && cmd.Flags().NFlag() == 0 {
				return cmd.Help()
			}
			return f.run(cmd, args)
		},
	}
	root.SetVersionTemplate("rapt {{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	f.define(root)
	root.AddCommand(
		newLookCommand(),
		newExplainCommand(),
		newAttendCommand(),
		newTokensCommand(),
		newEmbedCommand(),
		newGenerateCommand(),
		newModelCommand(),
		newServeCommand(),
		newBenchCommand(),
	)
	return root
}

// version is what the program was built from, as far as Go has noted it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// noArgs is cobra.NoArgs with an error that counts as a wrong call.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s: unexpected argument %q", cmd.CommandPath(), args[0])
	}
	return nil
}

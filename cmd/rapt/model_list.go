package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/internal/quote"
	"github.com/rapt-go/rapt/model"
)

func newModelListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the models that --model takes by name",
		Long: `List the models that --model takes by name. They are looked for, and never downloaded, in

  $RAPT_MODELS   a directory, or several separated as in PATH, with models as
                 DIR/name, DIR/org/name or DIR/name.gguf
  the cache of Hugging Face's Python libraries: $HF_HUB_CACHE, or $HF_HOME/hub,
                 or ~/.cache/huggingface/hub. Of a model with several revisions
                 there it is the one that refs/main names; if that one isn't
                 complete, the newest that is

--model takes the name as it is listed, or what follows the slash, or an ending of
whole words, as MiniLM-L6-v2. Case only counts where it tells two models apart. What
exists as a file or directory is taken as that, and a name that several models end
in is refused with a list of them.

The list says of what can't be used why. With --json it is
[{"name", "family", "size", "path", "error"}], sizes in bytes, error only where there
is one.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l := library()
			found := l.List()
			if asJSON {
				return writeFoundJSON(cmd.OutOrStdout(), found)
			}
			if len(found) == 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "there are no models in %s; all-MiniLM-L6-v2 is built in\n", strings.Join(l, ", "))
				return nil
			}
			return printFound(cmd.OutOrStdout(), found)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON list")
	return cmd
}

// printFound prints a table of the models, and below it those that can't be used.
func printFound(w io.Writer, found []model.Found) error {
	var good, bad []model.Found
	for _, f := range found {
		if f.Err == nil {
			good = append(good, f)
		} else {
			bad = append(bad, f)
		}
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, f := range good {
		if i == 0 {
			fmt.Fprintln(table, "NAME\tFAMILY\tMB\tPATH")
		}
		fmt.Fprintf(table, "%s\t%s\t%.1f\t%s\n", quote.Plain(f.Name), f.Family, float64(f.Size)/1e6, quote.Plain(f.Path))
	}
	for i, f := range bad {
		if i == 0 {
			fmt.Fprintln(table, "\nThese can't be used:")
		}
		fmt.Fprintf(table, "%s: %s\n", quote.Plain(f.Name), plainLine(f.Err.Error()))
	}
	return table.Flush()
}

// plainLine is a line without what would move the terminal's cursor: names of files may hold anything.
func plainLine(line string) string {
	return strings.Map(func(r rune) rune {
		if quote.Plain(string(r)) != string(r) {
			return '?'
		}
		return r
	}, line)
}

func writeFoundJSON(w io.Writer, found []model.Found) error {
	type row struct {
		Name   string `json:"name"`
		Family string `json:"family"`
		Size   int64  `json:"size"`
		Path   string `json:"path"`
		Error  string `json:"error,omitempty"`
	}
	rows := []row{}
	for _, f := range found {
		r := row{f.Name, f.Family, f.Size, f.Path, ""}
		if f.Err != nil {
			r.Error = f.Err.Error()
		}
		rows = append(rows, r)
	}
	return json.NewEncoder(w).Encode(rows)
}

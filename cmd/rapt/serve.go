package main

import (
	"fmt"
	"net"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/internal/web"
)

type serveOptions struct {
	dir, address string
	open         bool
}

func newServeCommand() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Show attention in the browser",
		Long: `Serve shows the page: type a text, and look at every head of the model. It also
has the lesson, seven steps whose every number can be changed; and a model that
continues texts can be watched as it writes. Of a text of thousands of tokens it
has statistics, and the exact row of each token that is asked for.

Only this machine can reach it, unless --addr says otherwise: there are no
passwords, and whoever reaches it can use this machine's processors. The page
loads nothing from elsewhere. What scripts can ask the server is in docs/api.md.
Ctrl-C stops it.`,
		Example: `  rapt serve --open
  rapt serve --addr 127.0.0.1:0 --model ./my-bert`,
		Args: noArgs,
		RunE: o.run,
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	modelFlag(cmd, &o.dir)
	flags.StringVar(&o.address, "addr", "127.0.0.1:7278", "`host:port` to listen on; port 0 takes a free one")
	flags.BoolVar(&o.open, "open", false, "open the page in the browser")
	return cmd
}

func (o *serveOptions) run(cmd *cobra.Command, _ []string) error {
	if err := refuseEmpty(cmd, "model"); err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(o.address)
	if err != nil {
		return usagef("--addr is %q, expected host:port such as 127.0.0.1:7278", o.address)
	}
	m, err := openModel(o.dir)
	if err != nil {
		return err
	}
	defer m.Close()
	if _, err := m.Tokenizer(); err != nil {
		return fmt.Errorf("the page needs the model's tokenizer: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(cmd.Context(), "tcp", o.address)
	if err != nil {
		return fmt.Errorf("--addr: %w", err)
	}
	url := pageURL(host, listener.Addr())
	fmt.Fprintf(cmd.ErrOrStderr(), "rapt: %s at %s; Ctrl-C stops it\n", m.Info().Name, url)
	if !web.IsLoopback(host) {
		fmt.Fprintf(cmd.ErrOrStderr(), "rapt: others can reach this too: whoever does can use the model\n")
	}
	if o.open {
		if err := openBrowser(url); err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "rapt: --open: %v\n", err)
		}
	}
	return web.NewServer(m, host).Serve(cmd.Context(), listener)
}

// pageURL is where this machine finds what listens on an address. A host that means all addresses isn't one to go to.
func pageURL(host string, address net.Addr) string {
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		return "http://" + address.String() + "/"
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(tcp.Port)) + "/"
}

// openBrowser starts the program by which the system opens a page. It doesn't wait for it.
func openBrowser(url string) error {
	name, args := "xdg-open", []string{url}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", url}
	}
	browser := exec.Command(name, args...)
	if err := browser.Start(); err != nil {
		return err
	}
	go browser.Wait()
	return nil
}

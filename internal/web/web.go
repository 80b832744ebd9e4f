// Package web is the page: attention to look at in a browser, served on this machine or as one self-contained file.
//
//   - [Look] runs a model over an input.
//   - [Run.WriteFile] writes the page with the run in it: one HTML file that needs no network.
//   - [NewServer] serves the same page and, behind it, the API of docs/api.md.
//
// The page is plain HTML, CSS and ES modules in page/. The server sends them as they are; the file has them inlined by
// [inline], which is all that stands in place of a build.
package web

import (
	"embed"
	"io/fs"
)

//go:embed page
var embedded embed.FS

// page is the folder of the page's sources.
var page = func() fs.FS {
	sub, err := fs.Sub(embedded, "page")
	if err != nil {
		panic(err) // the folder is in the program
	}
	return sub
}()

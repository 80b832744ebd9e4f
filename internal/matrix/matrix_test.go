package matrix

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rapt-go/rapt/internal/npy"
)

// array is the bytes of a .npy file.
func array(t testing.TB, shape []int, data any) string {
	t.Helper()
	var b bytes.Buffer
	if err := npy.Write(&b, &npy.Array{Shape: shape, Data: data}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// save writes a file of that name and gives its path.
func save(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadFile(t *testing.T) {
	want := [][]float64{{1, -0.5, 3}, {0, 2000, -4}}
	for _, c := range []struct{ name, file, text string }{
		{"plain", "x.csv", "1,-0.5,3\n0,2000,-4\n"},
		{"no line break at the end", "x.csv", "1,-0.5,3\n0,2000,-4"},
		{"blanks, comments, CRLF", "x.csv", "# q\r\n\r\n 1 ,\t-.5, 3 # first\r\n  # between\r\n-0,2e3,-4.0\r\n"},
		{"byte order mark", "x.csv", "\ufeff1,-0.5,3\n0,2000,-4\n"},
		{"upper case", "X.CSV", "1,-0.5,3\n0,2000,-4\n"},
		{"JSON", "x.json", "[[1, -0.5, 3], [0, 2e3, -4.0]]\n"},
		{"float64", "x.npy", array(t, []int{2, 3}, []float64{1, -0.5, 3, 0, 2000, -4})},
		{"float32", "x.npy", array(t, []int{2, 3}, []float32{1, -0.5, 3, 0, 2000, -4})},
		{"float16", "x.npy", array(t, []int{2, 3}, npy.Float16s{0x3c00, 0xb800, 0x4200, 0, 0x67d0, 0xc400})},
	} {
		got, err := ReadFile(save(t, c.file, c.text))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	want = [][]float64{{1 << 53, -7}}
	for _, data := range []any{[]int64{1 << 53, -7}, []float64{1 << 53, -7}} {
		got, err := ReadFile(save(t, "x.npy", array(t, []int{1, 2}, data)))
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%T (-want +got):\n%s", data, diff)
		}
	}
	if got, err := ReadFile(save(t, "x.npy", array(t, []int{1, 1}, []int32{-7}))); err != nil || got[0][0] != -7 {
		t.Errorf("int32: %v, %v, want -7", got, err)
	}
}

func TestReadFileRefuses(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(-1)
	wide := "[[" + strings.Repeat("0,", maxValues) + "0]]"
	for _, c := range []struct{ name, file, text, want string }{
		{"ending", "x.txt", "1", "ends in .npy, .csv or .json"},
		{"no ending", "x", "1", "ends in .npy, .csv or .json"},

		{"CSV empty", "x.csv", "", "the matrix has no rows"},
		{"CSV only comments", "x.csv", "# 1,2\n\n", "the matrix has no rows"},
		{"CSV ragged", "x.csv", "1,2\n# 3\n3,4,5\n", "row 2 has length 3, expected 2 as in row 1"},
		{"CSV header", "x.csv", "a,b\n1,2\n", `row 1, column 1: "a" is not a number`},
		{"CSV text", "x.csv", "1,2\n3,cat\n", `row 2, column 2: "cat" is not a number`},
		{"CSV comma at the end", "x.csv", "1,2,\n", `row 1, column 3: "" is not a number`},
		{"CSV semicolons", "x.csv", "1;2\n", `row 1, column 1: "1;2" is not a number`},
		{"CSV NaN", "x.csv", "1\nNaN\n", "row 2, column 1: NaN is not a finite number"},
		{"CSV Inf", "x.csv", "1,-inf\n", "row 1, column 2: -Inf is not a finite number"},
		{"CSV out of range", "x.csv", "1e999\n", `row 1, column 1: "1e999" is too large for a float64`},
		{"CSV binary", "x.csv", "\x00\x01\n\xff", `row 1, column 1: "\x00\x01" is not a number`},
		{"CSV large", "x.csv", strings.Repeat("0,0\n", maxValues/2) + "0,0", "more than 1000000 numbers"},
		{"CSV very large", "x.csv", strings.Repeat("# comment\n", maxBytes/10+1), "more than 33554432 bytes"},

		{"JSON empty", "x.json", "", ": the JSON ends too early"},
		{"JSON without rows", "x.json", "[]", "the matrix has no rows"},
		{"JSON with an empty row", "x.json", "[[1],[]]", "row 2 is empty"},
		{"JSON a number", "x.json", "3", `found 3, expected [`},
		{"JSON a vector", "x.json", "[1,2]", `after byte 1: found 1, expected [`},
		{"JSON three axes", "x.json", "[[[1]]]", "row 1, column 1: after byte 2: found [, expected a number"},
		{"JSON deep", "x.json", strings.Repeat("[", 1e6), "row 1, column 1: after byte 2: found [, expected a number"},
		{"JSON ragged", "x.json", "[[1,2],[3]]", "row 2 has length 1, expected 2 as in row 1"},
		{"JSON null", "x.json", "[[1,null]]", "row 1, column 2: after byte 3: found null, expected a number"},
		{"JSON null row", "x.json", "[[1],null]", "after byte 4: found null, expected ["},
		{"JSON text", "x.json", `[["cat"]]`, `row 1, column 1: after byte 2: found "cat", expected a number`},
		{"JSON true", "x.json", `[[true]]`, `row 1, column 1: after byte 2: found true, expected a number`},
		{"JSON NaN", "x.json", `[[NaN]]`, "row 1, column 1: after byte 2: invalid character 'N'"},
		{"JSON out of range", "x.json", `[[1,-1e999]]`, `row 1, column 2: "-1e999" is too large`},
		{"JSON open row", "x.json", `[[1,2`, "the JSON ends too early"},
		{"JSON open matrix", "x.json", `[[1,2]`, "the JSON ends too early"},
		{"JSON comma at the end", "x.json", `[[1,2,]]`, "invalid character"},
		{"JSON object", "x.json", `{"x":[[1]]}`, "after byte 0: found {, expected ["},
		{"JSON two matrices", "x.json", `[[1]][[2]]`, "after byte 5: something follows the end"},
		{"JSON large", "x.json", wide, "more than 1000000 numbers"},

		{"NumPy not", "x.npy", "1,2", "not a .npy file"},
		{"NumPy vector", "x.npy", array(t, []int{2}, []float64{1, 2}), "has 1 axes, expected 2"},
		{"NumPy three axes", "x.npy", array(t, []int{1, 1, 1}, []float64{1}), "has 3 axes, expected 2"},
		{"NumPy without rows", "x.npy", array(t, []int{0, 3}, []float64{}), "the matrix has no rows"},
		{"NumPy without columns", "x.npy", array(t, []int{3, 0}, []float64{}), "row 1 is empty"},
		{"NumPy without columns, integers", "x.npy", array(t, []int{3, 0}, []int64{}), "row 1 is empty"},
		{"NumPy NaN", "x.npy", array(t, []int{2, 2}, []float64{1, 2, 3, nan}), "row 2, column 2: NaN is not a finite number"},
		{"NumPy Inf", "x.npy", array(t, []int{1, 2}, []float32{1, float32(inf)}), "row 1, column 2: -Inf is not a finite number"},
		{"NumPy bool", "x.npy", array(t, []int{1, 1}, []bool{true}), "the array is bool, expected a floating-point or integer type"},
		{"NumPy integer too large", "x.npy", array(t, []int{1, 2}, []int64{0, 1<<53 + 1}), "row 1, column 2: 9007199254740993 is beyond 2^53"},
		{"NumPy large", "x.npy", array(t, []int{1001, 1000}, make([]float64, 1001000)), "more than 1000000 numbers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := save(t, c.file, c.text)
			_, err := ReadFile(path)
			switch {
			case err == nil:
				t.Fatal("no error")
			case !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.want):
				t.Errorf("error %q, want the path and %q", err, c.want)
			case len(err.Error()) > len(path)+200 || strings.ContainsAny(err.Error(), "\n\x00"):
				t.Errorf("not a short line: %q", err)
			}
		})
	}
	if _, err := ReadFile(filepath.Join(t.TempDir(), "none.csv")); !os.IsNotExist(err) {
		t.Errorf("error %v, want one of a file that doesn't exist", err)
	}
	if m, err := ReadFile(save(t, "x.csv", strings.Repeat("0,0\n", maxValues/2))); err != nil || len(m) != maxValues/2 {
		t.Errorf("%d rows, error %v, want %d rows: as many numbers as are allowed", len(m), err, maxValues/2)
	}
}

// wellFormed checks what ReadFile promises of every matrix.
func wellFormed(t *testing.T, m [][]float64) {
	t.Helper()
	if len(m) == 0 || len(m[0]) == 0 {
		t.Fatalf("an empty matrix: %v", m)
	}
	for i, row := range m {
		if len(row) != len(m[0]) {
			t.Errorf("row %d has length %d, row 0 %d", i, len(row), len(m[0]))
		}
		if i := slices.IndexFunc(row, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }); i >= 0 {
			t.Errorf("%v is not finite", row[i])
		}
	}
}

func FuzzCSV(f *testing.F) {
	for _, text := range []string{"1,2\n3,4\n", "\ufeff-.5 # x\r\n\n0x1p-2", "nan", "1e999,", "1_0"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseCSV(data)
		if err != nil {
			return
		}
		wellFormed(t, m)
		var b strings.Builder
		for _, row := range m {
			for j, x := range row {
				if j > 0 {
					b.WriteString(",")
				}
				b.WriteString(strconv.FormatFloat(x, 'g', -1, 64))
			}
			b.WriteString("\n")
		}
		again, err := parseCSV([]byte(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, again); diff != "" {
			t.Errorf("written and read again (-want +got):\n%s", diff)
		}
	})
}

func FuzzJSON(f *testing.F) {
	for _, text := range []string{"[[1,2],[3,4]]", " [ [ -0.5e-3 ] ] ", "[[null]]", "[[1],[]]", "[[1]"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseJSON(data)
		var unmarshalled [][]float64
		unmarshalErr := json.Unmarshal(data, &unmarshalled)
		if err != nil {
			return
		}
		wellFormed(t, m)
		if unmarshalErr != nil {
			t.Fatalf("encoding/json: %v", unmarshalErr)
		}
		if diff := cmp.Diff(unmarshalled, m); diff != "" {
			t.Errorf("(-encoding/json +got):\n%s", diff)
		}
	})
}

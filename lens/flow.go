package lens

import (
	"context"
	"fmt"
	"math"
)

// MaxFlowTokens is the longest text for which Flow is computed: it takes n² maximum flows a layer.
const MaxFlowTokens = 30

// Flow is the other way that Abnar and Zuidema (2020) propose to follow attention: the maps are the capacities of pipes
// from layer to layer, and flow[i][j] is the most that can flow from token i, as it leaves the last of the maps, to input
// j if nothing else flows:
//
//	flow[i][j] = max-flow(i at the top, j at the bottom)
//
// Unlike Rollout nothing is multiplied, so that a row doesn't add up to 1. Rows aren't normalised here. More than
// MaxFlowTokens tokens are an error.
func Flow(ctx context.Context, maps [][]float64, n int) ([]float64, error) { // [query][key]
	if n > MaxFlowTokens {
		return nil, fmt.Errorf("there are %d tokens; flow takes at most %d, as it needs a maximum flow for each pair", n, MaxFlowTokens)
	}
	flow := make([]float64, n*n)
	for i := range n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for j := range n {
			flow[i*n+j] = newPipes(maps, n).most(i, j)
		}
	}
	return flow, nil
}

// pipes is a flow network: nodes are tokens in the gaps between layers, gap 0 the input. Node (gap, token) has the number
// gap·n + token.
type pipes struct {
	n     int
	down  [][]float64 // [gap][token of gap+1][token of gap]: what can still flow down
	up    [][]float64 // the same edges: what has flowed, and can be taken back
	level []int       // [node]: distance from the source, −1 if none
}

func newPipes(maps [][]float64, n int) *pipes {
	p := &pipes{n: n, level: make([]int, (len(maps)+1)*n)}
	for _, m := range maps {
		p.down = append(p.down, append([]float64(nil), m...))
		p.up = append(p.up, make([]float64, n*n))
	}
	return p
}

// leastFlow is what counts as nothing: capacities are at most 1, and rounding leaves residues.
const leastFlow = 1e-12

// most is the maximum flow from the top token to the bottom token by Dinic's algorithm: as long as there is a way,
// find how far each node is, and fill ways that lead one step farther each time.
func (p *pipes) most(top, bottom int) (flow float64) {
	source := len(p.down)*p.n + top
	for p.measure(source); p.level[bottom] >= 0; p.measure(source) {
		flow += p.fill(source, bottom, math.MaxFloat64)
	}
	return flow
}

// neighbours calls visit with each edge out of a node that can still take something.
func (p *pipes) neighbours(node int, visit func(to int, room, back *float64) bool) {
	gap, token := node/p.n, node%p.n
	if gap > 0 {
		for to := range p.n {
			at := token*p.n + to
			if room := &p.down[gap-1][at]; *room > leastFlow && !visit((gap-1)*p.n+to, room, &p.up[gap-1][at]) {
				return
			}
		}
	}
	if gap < len(p.down) {
		for to := range p.n {
			at := to*p.n + token
			if room := &p.up[gap][at]; *room > leastFlow && !visit((gap+1)*p.n+to, room, &p.down[gap][at]) {
				return
			}
		}
	}
}

// measure finds every node's distance from the source.
func (p *pipes) measure(source int) {
	for i := range p.level {
		p.level[i] = -1
	}
	p.level[source] = 0
	for queue := []int{source}; len(queue) > 0; queue = queue[1:] {
		node := queue[0]
		p.neighbours(node, func(to int, _, _ *float64) bool {
			if p.level[to] < 0 {
				p.level[to] = p.level[node] + 1
				queue = append(queue, to)
			}
			return true
		})
	}
}

// fill sends up to limit from node to the sink, along edges that lead one step farther. A node that can't take more is
// taken out.
func (p *pipes) fill(node, sink int, limit float64) (sent float64) {
	if node == sink {
		return limit
	}
	p.neighbours(node, func(to int, room, back *float64) bool {
		if p.level[to] != p.level[node]+1 {
			return true
		}
		part := p.fill(to, sink, min(limit-sent, *room))
		*room -= part
		*back += part
		sent += part
		return limit-sent > leastFlow
	})
	if limit-sent > leastFlow {
		p.level[node] = -1
	}
	return sent
}

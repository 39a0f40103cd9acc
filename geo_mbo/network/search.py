"""From places to places over the roads of one mode: a plain search, or one prepared for many.

Both give the same whole numbers, exactly. The plain search is Dijkstra's algorithm, one search a
site (Dijkstra 1959, Numerische Mathematik 1:269-271); it needs no preparation and no compiling. The
prepared one (`geo_mbo.engine`) pays from some dozens of sites on; `Searcher` chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from geo_mbo.cache import NO_CACHE, Cache
from geo_mbo.engine.places import Places
from geo_mbo.errors import above_zero, one_of
from geo_mbo.network.costs import NO_WAY
from geo_mbo.network.turns import Roads, roads_of, shared_modes

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from geo_mbo.engine import Hierarchy, Metric
    from geo_mbo.engine.types import Nodes
    from geo_mbo.network.costs import Costs
    from geo_mbo.network.road import Floats, Network

Engine = Literal["auto", "plain", "prepared"]

_PLAIN_US, _PREPARE_US, _START_S = 0.2, 12.0, 5.0
"""Microseconds a node of one plain search and of the preparation, rounded up from the seconds that
`scripts/benchmark engine` prints; seconds to load what is compiled."""
_BLOCK_BYTES = 128 * 2**20
"""Memory for one block of plain searches."""


@dataclass(frozen=True)
class Search:
    """How a network is searched: for a travel matrix, for routes, for isochrones.

    Attributes
    ----------
    snap_limit_m
        Greatest distance in metres from a point to the road.
    memory_mb
        What the pairs of a matrix may take while they are worked out; the answer does not depend
        on it.
    engine
        ``"plain"`` (one search a site, no preparation), ``"prepared"``, or ``"auto"``: whichever
        is done first. Both give the same.
    cache
        Keeps what is prepared from one run to the next.
    store
        A folder (Zarr) to write a matrix to block by block, for one that is larger than memory;
        it is whole or not there. The matrix then reads from it what is asked.
    """

    snap_limit_m: float = 1000.0
    memory_mb: float = 1536.0
    engine: Engine = "auto"
    cache: Cache = NO_CACHE
    store: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what no search can be.

        Raises
        ------
        InputError
            The engine is not known, or a limit is no number above 0.
        """
        one_of("engine", self.engine, get_args(Engine))
        above_zero(snap_limit_m=self.snap_limit_m, memory_mb=self.memory_mb)


@dataclass(frozen=True, eq=False)
class Searcher:
    """The roads of a network, with the engine that searches them.

    Attributes
    ----------
    roads
        The graph.
    cache
        Keeps the preparation from one run to the next.
    engine
        ``"plain"``, ``"prepared"``, or ``"auto"``: whichever is done first.
    """

    roads: Roads
    cache: Cache = NO_CACHE
    engine: Engine = "auto"

    def prepares(self, searches: int) -> bool:
        """Tell whether so many searches are worth the preparation.

        Examples
        --------
        >>> from geo_mbo.network.turns import roads_of
        >>> from geo_mbo.sample import sample_town
        >>> Searcher(roads_of(sample_town().network)).prepares(600)
        False
        """
        if self.engine != "auto":
            return self.engine == "prepared"
        nodes = len(self.roads.junction)
        ready = "hierarchy" in vars(self) or self.cache.has("hierarchy", self._recipe)
        plain_s = searches * nodes * _PLAIN_US / 1e6
        return plain_s > _START_S + (0 if ready else nodes * _PREPARE_US / 1e6)

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """The hierarchy of the roads: made, or loaded where it was made before."""
        from geo_mbo.engine import Hierarchy, build_hierarchy

        roads = self.roads
        x, y = (v[roads.junction] for v in (roads.network.node_x, roads.network.node_y))
        return self.cache.kept(
            "hierarchy",
            self._recipe,
            make=lambda _: build_hierarchy(len(roads.junction), roads.tail, roads.head, x=x, y=y),
            save=lambda made, path: made.save(path),
            load=Hierarchy.load,
        )

    def metric(self, mode: str) -> Metric:
        """Lay the costs of one mode on the hierarchy, or load what was laid before."""
        from geo_mbo.engine import Metric, customise

        if mode not in self._metrics:
            weight = self.roads.weights(mode)
            self._metrics[mode] = self.cache.kept(
                "metric",
                {"order": _digest(self.hierarchy.rank), "weight": _digest(weight)},
                make=lambda _: customise(self.hierarchy, weight),
                save=lambda made, path: made.save(path),
                load=lambda path: Metric.load(path, self.hierarchy),
            )
        return self._metrics[mode]

    def costs(self, mode: str, origins: Places, targets: Places) -> Costs:
        """Give the cost of the fastest way from every origin to every target, by nodes of roads."""
        return self.from_origins(mode, origins, searches=len(targets))(targets)

    def from_origins(
        self, mode: str, origins: Places, *, searches: int
    ) -> Callable[[Places], Costs]:
        """Give what finds the costs from these origins to targets, for so many targets in all."""
        if self.prepares(searches):
            from geo_mbo.engine import pin

            return pin(self.metric(mode), origins).costs
        return partial(_plain, self.roads, mode, origins)

    def reached(
        self, mode: str, places: Places, *, towards: bool = True, limit: int
    ) -> Iterator[tuple[int, Nodes, Costs]]:
        """Give for each place the nodes within a limit, and the costs between them and it.

        Parameters
        ----------
        mode
            The mode.
        places
            The places.
        towards
            Of ways *to* the places; else from them.
        limit
            Greatest cost.

        Yields
        ------
        tuple
            Position of a place, nodes in no order, and costs; the places in an order that is quick.
        """
        if not self.prepares(len(places)):
            for first, block in plain_searches(
                self.roads, mode, places, towards=towards, limit=limit
            ):
                for place, found in enumerate(block, first):
                    nodes = np.flatnonzero(np.isfinite(found)).astype(np.int32)
                    yield place, nodes, found[nodes].astype(np.int64)
            return
        from geo_mbo.engine import within

        metric = self.metric(mode) if towards else self.metric(mode).turned()
        # Places by one another in the hierarchy are near one another, and swept together.
        rank, open_place = np.zeros(len(places), np.int32), np.diff(places.start) > 0
        rank[open_place] = self.hierarchy.rank[places.node[places.start[:-1][open_place]]]
        order = np.argsort(rank, kind="stable")
        swept = within(metric, places.take(order), limit=limit)
        for place, (nodes, cost) in zip(order.tolist(), swept, strict=True):
            yield place, nodes, cost

    @cached_property
    def _metrics(self) -> dict[str, Metric]:
        return {}

    @cached_property
    def _recipe(self) -> dict[str, object]:
        links = _digest(self.roads.tail, self.roads.head)
        return {"nodes": len(self.roads.junction), "links": links}


def searchers_of(
    network: Network, modes: Sequence[str], search: Search = Search()
) -> dict[str, Searcher]:
    """Give the searcher of each mode; modes to which turning costs nothing share one.

    Raises
    ------
    InputError
        The network does not hold a mode.
    """
    for mode in modes:
        network.times(mode)
    own = {mode for mode in modes if mode in network.turn_s}
    found = {mode: Searcher(roads_of(network, mode), search.cache, search.engine) for mode in own}
    if set(modes) - own:
        shared = Searcher(roads_of(network), search.cache, search.engine)
        found |= dict.fromkeys(shared_modes(network), shared)
    return found


def plain_searches(
    roads: Roads,
    mode: str,
    places: Places,
    *,
    towards: bool = True,
    limit: float = np.inf,
) -> Iterator[tuple[int, Floats]]:
    """Search from each place over all nodes, some places at a time.

    Each place becomes a node of its own that no arc leads into, so that no place can alter what is
    found for another.

    Parameters
    ----------
    roads, mode
        The roads of one mode.
    places
        The places.
    towards
        Find the ways *to* the places; else from them.
    limit
        Greatest cost; beyond it is ``inf``.

    Yields
    ------
    tuple
        Position of the first place, and costs as floats (places x nodes; whole numbers, exact up to
        `HORIZON_MIN`; ``inf`` = not reached).
    """
    from scipy.sparse.csgraph import dijkstra

    nodes = len(roads.junction)
    size = max(1, _BLOCK_BYTES // (16 * (nodes + 1)))
    matrix = least_links(roads, mode, towards=towards)
    for first in range(0, len(places), size):
        block = places.take(slice(first, first + size))
        whole = with_places(matrix, block)
        reached = dijkstra(whole, directed=True, indices=nodes + np.arange(len(block)), limit=limit)
        yield first, reached[:, :nodes]


def _plain(roads: Roads, mode: str, origins: Places, targets: Places) -> Costs:
    found = np.full((len(origins), len(targets)), NO_WAY)
    has_door = np.flatnonzero(np.diff(origins.start))
    if not len(has_door):
        return found
    for first, reached in plain_searches(roads, mode, targets):
        ways = reached[:, origins.node] + origins.cost.astype(float)
        best = np.minimum.reduceat(ways, origins.start[has_door], axis=1)
        block = np.full(best.shape, NO_WAY)
        block[np.isfinite(best)] = best[np.isfinite(best)].astype(np.int64)
        found[has_door, first : first + len(reached)] = block.T
    return found


def least_links(roads: Roads, mode: str, *, towards: bool) -> csr_array:
    """Give the open links as a sparse matrix, of parallel ones the least, by where a search is."""
    weight = roads.weights(mode)
    row, column = (roads.head, roads.tail) if towards else (roads.tail, roads.head)
    return _least(row, column, weight, len(roads.junction))


def _least(row: Nodes, column: Nodes, weight: Costs, nodes: int) -> csr_array:
    from scipy.sparse import csr_array

    order = np.lexsort((weight, column, row))
    order = order[weight[order] < NO_WAY]
    double = (np.diff(row[order]) == 0) & (np.diff(column[order]) == 0)
    order = order[np.concatenate([[True], ~double])[: len(order)]]
    start = np.searchsorted(row[order], np.arange(nodes + 1)).astype(np.int32)
    parts = (weight[order].astype(float), column[order].astype(np.int32), start)
    return csr_array(parts, shape=(nodes, nodes))


def with_places(roads: csr_array, places: Places) -> csr_array:
    """Put the places under the graph as rows of their own."""
    from scipy.sparse import csr_array

    nodes, count = roads.shape[0], len(places)
    own = _least(places.owner.astype(np.int32), places.node, places.cost, max(nodes, count))
    parts = (
        np.concatenate([roads.data, own.data]),
        np.concatenate([roads.indices, own.indices]),
        np.concatenate([roads.indptr, roads.indptr[-1] + own.indptr[1 : count + 1]]),
    )
    return csr_array(parts, shape=(nodes + count, nodes + count))


def _digest(*arrays: Any) -> str:
    whole = sha256()
    for array in arrays:
        whole.update(np.ascontiguousarray(array).data)
    return whole.hexdigest()

"""What each method calls what it finds: near copies have clusters, repeated spans have records that they stand in."""

from __future__ import annotations

_COPIES = {
    "rest": "unique or keepers",
    "duplicates": "duplicates",
    "Clusters": "Clusters",
    "clusters": "clusters",
    "cluster": "cluster",
    "keeper": "Keeper",
    "largest": "The largest cluster has {} records",
}
_WORDS = {
    "near": {
        **_COPIES,
        "title": "Near duplicates",
        "verdict": "nearly repeat another that is kept",
        "verdict_short": "nearly repeat another",
        "about_clusters": "Records of a cluster are each as like its keeper as the threshold asks; the keeper stays. "
        "A record that is only like another copy is not in it.",
        "none": "No two records are near copies of each other.",
    },
    "exact": {
        **_COPIES,
        "title": "Exact duplicates",
        "verdict": "repeat another that is kept",
        "verdict_short": "repeat another",
        "about_clusters": "Records of a cluster say the same; the keeper stays.",
        "none": "No two records say the same.",
    },
    "semantic": {
        **_COPIES,
        "title": "Semantic duplicates",
        "verdict": "mean what another says that is kept",
        "verdict_short": "mean what another says",
        "about_clusters": "Records of a cluster are each as like its keeper, by cosine, as the threshold asks; "
        "the keeper stays.",
        "none": "No two records are as alike as the threshold asks.",
    },
    "substring": {
        "title": "Repeated spans",
        "rest": "without repeated spans",
        "duplicates": "with repeated spans",
        "Clusters": "Repeated spans",
        "clusters": "repeated spans",
        "cluster": "repeated span",
        "keeper": "Such as in",
        "verdict": "have text that others have too",
        "verdict_short": "have text that others have too",
        "largest": "The most frequent span stands in {} records",
        "about_clusters": "A span is a run of words that stands in several records. Boilerplate is cut by a transform, "
        "records are flagged by a rule.",
        "none": "No span is repeated.",
    },
}


def words_of(method: str) -> dict[str, str]:
    return _WORDS[method]

//! Holds the benchmarks in `benches/`: `cargo bench -p flipchain-benches`.

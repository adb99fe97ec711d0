//! Profiles without the covariance: the resolvent of the chain, the squared kernel, and the equations for Var p and Var r in O(N).

mod kernel;
mod pairing;
mod path;
mod wave;

use crate::chain::Chain;

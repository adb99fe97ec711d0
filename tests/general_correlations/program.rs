//! The program writes correlations of chains with coefficients.

use ndarray::{Array1, Array2, Array3};
use ndarray_npy::NpzReader;
use std::fs::File;
use std::process::Command;

#[test]
fn steady_writes_correlations_of_the_disordered_and_of_the_pinned_chain() {
    let folder = tempfile::tempdir().unwrap();
    for (scenario, bonds, of, count) in
        [("disordered", 10, "p:5,r:3", 21), ("pinned", 60, "p:5,q:3", 122)]
    {
        let out = folder.path().join(scenario);
        let output = Command::new(env!("CARGO_BIN_EXE_flipchain"))
            .args(["steady", "-q", "--figures", "none", "-o"])
            .arg(&out)
            .args([&format!("data/scenarios/{scenario}.toml")])
            .args(["--set", &format!("chain.bonds={bonds}")])
            .args(["--lags", "0,2,500", "--of", of, "--spectrum", "0,1"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let open = |name: &str| NpzReader::new(File::open(out.join(name)).unwrap()).unwrap();
        let mut file = open("correlations.npz");
        let lags: Array1<f64> = file.by_name("lags").unwrap();
        let covariance: Array3<f64> = file.by_name("covariance").unwrap();
        let errors: Array2<f64> = file.by_name("error_covariance").unwrap();
        assert_eq!(lags.to_vec(), [0.0, 2.0, 500.0]);
        assert_eq!((covariance.dim(), errors.dim()), ((3, 2, count), (3, 2)));
        assert!(errors.iter().all(|e| *e < 1e-9 && *e > 0.0));
        // At lag 0 the variance that the profiles say.
        let mut file = open("profiles.npz");
        let var_p: Array2<f64> = file.by_name("var_p").unwrap();
        let error: Array1<f64> = file.by_name("error_var_p").unwrap();
        let difference = covariance[[0, 0, count - bonds - 1 + 5]] - var_p[[0, 5]];
        assert!(difference.abs() <= error[0] + errors[[0, 0]], "{difference:e}");
        let mut file = open("spectrum.npz");
        let spectrum: Array3<f64> = file.by_name("S").unwrap();
        assert_eq!(spectrum.dim(), (2, 2, count));
        assert!(spectrum[[1, 0, count - bonds - 1 + 5]] > 0.0);
    }
}

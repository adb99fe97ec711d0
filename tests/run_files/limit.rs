//! The files of `limit`.

use super::*;

#[test]
fn arrays_of_the_limit_agree_with_its_table_and_its_summary() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    done(at, &["limit", "uphill", "-o", "limit", "--set", "chain.bonds=3"]);
    let mut npz = NpzReader::new(File::open(at.join("limit/limit.npz")).unwrap()).unwrap();
    let csv = table(&at.join("limit/limit.csv"));
    let known = summary(&at.join("limit"));
    for (array, column) in [
        ("mean_r", "r"),
        ("mechanical", "mechanical"),
        ("thermal", "thermal"),
        ("energy", "energy"),
    ] {
        let values: Array2<f64> = npz.by_name(array).unwrap();
        assert_eq!(values.iter().copied().collect::<Vec<_>>(), csv[column]);
        let errors: Array1<f64> = npz.by_name(&format!("error_{array}")).unwrap();
        let stated = &known["outputs"][errors.len() - 1]["absolute_errors"][array];
        assert_eq!(*stated, errors[errors.len() - 1], "{array}");
    }
    // At t = 1 it is near the stationary one, which is constant.
    let current: Array2<f64> = npz.by_name("current").unwrap();
    let errors: Array1<f64> = npz.by_name("error_current").unwrap();
    let last = current.row(current.nrows() - 1);
    assert_eq!((current.ncols(), current.nrows()), (4, errors.len()));
    assert!(last.iter().all(|j| (j + 0.75).abs() < 0.1), "{last}");
    assert!(errors.iter().all(|error| (0.0..1e-7).contains(error)), "{errors}");
}

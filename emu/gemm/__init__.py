"""Matrix products: panels, micro-kernels, and BLAS where it is exact."""

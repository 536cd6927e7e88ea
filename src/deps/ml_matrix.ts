export { CholeskyDecomposition, EigenvalueDecomposition, Matrix } from "npm:ml-matrix@6.15.1";

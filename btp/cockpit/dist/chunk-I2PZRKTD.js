var n;function d(e){n=e}function t(e){return n?.type===e?n:void 0}export{d as a,t as b};

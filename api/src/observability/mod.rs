//! What operators see of the running service: figures for Prometheus and traces for OpenTelemetry.

pub mod metrics;
pub mod names;
pub mod trace;

//! What operators see of the running service: figures for Prometheus and traces for OpenTelemetry.

pub mod durations;
pub mod metrics;
pub mod names;
pub mod trace;

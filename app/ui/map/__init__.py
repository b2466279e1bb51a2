"""The semantic map: plotly for few points, a WebGL2 component for many, pixels without WebGL."""

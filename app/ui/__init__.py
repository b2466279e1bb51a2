"""What pages share: state, widgets and figures."""
